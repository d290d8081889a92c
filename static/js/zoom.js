// A picture of the gallery in full, over the page. Without this file its link opens the picture itself.

const words = () => document.querySelector(".gallery").dataset;
let dialog = null;
let links = [];
let at = 0;

function button(name, text, press) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = `zoom__button zoom__button--${name}`;
  made.setAttribute("aria-label", text);
  made.addEventListener("click", press);
  return made;
}

function build() {
  dialog = document.createElement("dialog");
  dialog.className = "zoom";
  dialog.setAttribute("aria-label", words().zoom);
  const picture = document.createElement("img");
  picture.className = "zoom__picture";
  // One press shows every thread, the next the whole.
  picture.addEventListener("click", () => picture.classList.toggle("zoom__picture--large"));
  const frame = document.createElement("div");
  frame.className = "zoom__frame";
  frame.append(picture);
  dialog.append(
    frame,
    button("close", words().close, () => dialog.close()),
    button("back", words().back, () => turn(-1)),
    button("on", words().on, () => turn(1)),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") turn(1);
    if (event.key === "ArrowLeft") turn(-1);
  });
  // The focus returns to the picture that was last looked at.
  dialog.addEventListener("close", () => links[at]?.focus());
  document.body.append(dialog);
}

function turn(step) {
  at = (at + step + links.length) % links.length;
  const picture = dialog.querySelector("img");
  picture.classList.remove("zoom__picture--large");
  picture.src = links[at].href;
  picture.alt = links[at].querySelector("img")?.alt ?? "";
  dialog.classList.toggle("zoom--single", links.length < 2);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest(".gallery__slide a[href]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  links = [...document.querySelectorAll(".gallery__slide a[href]")];
  at = links.indexOf(link);
  if (!dialog) build();
  turn(0);
  dialog.showModal();
});
