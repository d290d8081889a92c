// A swatch under the pointer shows the card in its colour. Without this file the swatch is a link to that colour.

let shown = null;

function restore() {
  if (shown) Object.assign(shown.picture, { srcset: shown.srcset, src: shown.src });
  shown = null;
}

// The picture of before stays until the other has come.
async function look(swatch) {
  const picture = swatch.closest(".product-card").querySelector("img.picture");
  if (!picture || shown?.swatch === swatch) return;
  if (shown?.picture !== picture) restore();
  shown = { src: picture.src, srcset: picture.srcset, ...shown, picture, swatch };
  const fresh = new Image();
  const address = new URL(swatch.href);
  address.pathname += "look/";
  fresh.src = address.href;
  try {
    await fresh.decode();
    if (shown?.swatch === swatch) Object.assign(picture, { srcset: "", src: fresh.src });
  } catch {
    // There is no picture of it: the card stays as it is.
  }
}

const hovers = window.matchMedia("(hover: hover)");

document.addEventListener("pointerover", (event) => {
  const swatch = event.target.closest(".swatch-link");
  if (swatch && hovers.matches) look(swatch);
  else if (!event.target.closest(".product-card__swatches")) restore();
});
document.addEventListener("focusin", (event) => {
  const swatch = event.target.closest(".swatch-link:focus-visible");
  if (swatch) look(swatch);
  else restore();
});
