// A choice changes the pictures, the price and the button without a new page. The address stays the truth: every
// choice is a link that also works alone, and Back returns to the choice before.

import "./zoom.js";
import "./seen.js";

const regions = () => document.querySelectorAll("[data-swap]");
let latest = 0;
let pending = null;

function show(address, options = {}) {
  const mine = ++latest;
  pending = look(address, mine, options);
  return pending;
}

async function look(address, mine, { focus }) {
  const product = document.querySelector("#product");
  product.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.statusText);
    const text = await answer.text();
    if (mine !== latest) return true;
    swap(new DOMParser().parseFromString(text, "text/html"));
    if (focus) document.querySelector(`[data-choose="${CSS.escape(focus)}"]`)?.focus();
    return true;
  } catch {
    return false;
  } finally {
    if (mine === latest) {
      product.removeAttribute("aria-busy");
      pending = null;
    }
  }
}

// Pressed while the last choice is still under way: what was chosen goes into the cart, not what was shown before.
document.addEventListener(
  "submit",
  async (event) => {
    if (!pending || !event.target.matches("form.add")) return;
    event.preventDefault();
    while (pending) if (!(await pending)) return;
    document.querySelector("form.add")?.requestSubmit();
  },
  true,
);

function swap(page) {
  const quantity = document.querySelector("#quantity")?.value;
  for (const region of regions()) {
    const fresh = page.querySelector(`[data-swap="${region.dataset.swap}"]`);
    // Untouched where nothing changed: a size does not make the pictures flicker.
    if (fresh && fresh.innerHTML !== region.innerHTML && shape(fresh) !== shape(region)) {
      region.replaceChildren(...fresh.childNodes);
    }
  }
  const field = document.querySelector("#quantity");
  if (field && quantity) field.value = quantity;
  announce(page);
}

// What a region says, without the token that differs in every answer and the marks this script sets.
function shape(region) {
  const copy = region.cloneNode(true);
  for (const token of copy.querySelectorAll("[name=csrfmiddlewaretoken]")) token.remove();
  for (const thumb of copy.querySelectorAll("[data-picture]")) thumb.removeAttribute("aria-current");
  return copy.innerHTML;
}

// A live region speaks when its own text changes, not when it is replaced: so it stands outside of what is swapped.
function announce(page) {
  const said = page.querySelector("[data-announce]")?.textContent ?? speaker.textContent;
  speaker.textContent = said.trim();
}

const speaker = document.createElement("p");
speaker.className = "unseen";
speaker.setAttribute("role", "status");
document.querySelector("#main").append(speaker);

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-choose]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const shown = await show(link.href, { focus: link.dataset.choose });
  if (!shown) window.location.assign(link.href);
  else window.history.pushState({}, "", link.href);
});

window.addEventListener("popstate", () => {
  if (!window.location.hash) show(window.location.href).then((shown) => shown || window.location.reload());
});

// Another country: the same page says other days.
document.addEventListener("change", async (event) => {
  const form = event.target.closest("form[data-country]");
  if (!form) return;
  const address = `${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`;
  if (!(await show(address))) form.submit();
  else {
    window.history.replaceState(window.history.state, "", address);
    document.querySelector("form[data-country] select")?.focus();
  }
});

// Thumbnails move the stage only, not the page.
document.addEventListener("click", (event) => {
  const thumb = event.target.closest("a[data-picture]");
  if (!thumb) return;
  event.preventDefault();
  const slide = document.querySelector(thumb.getAttribute("href"));
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  slide.parentElement.scrollTo({ left: slide.offsetLeft - slide.parentElement.offsetLeft, behavior: calm ? "auto" : "smooth" });
  mark(thumb.dataset.picture);
});

function mark(number) {
  for (const thumb of document.querySelectorAll("[data-picture]")) {
    if (thumb.dataset.picture === number) thumb.setAttribute("aria-current", "true");
    else thumb.removeAttribute("aria-current");
  }
}

document.addEventListener(
  "scrollend",
  (event) => {
    if (event.target.id !== "pictures") return;
    mark(String(Math.round(event.target.scrollLeft / event.target.clientWidth) + 1));
  },
  true,
);
