// Suggestions under the search box, as a combobox with a list. Without this file the box is a plain form.

const form = document.querySelector("form[data-suggest]");
const box = form.querySelector("input[type=search]");
const PAUSE = 140;
const LEAST = 2;

const list = document.createElement("ul");
list.id = "seek-options";
list.className = "seek__options";
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", form.dataset.name);
list.hidden = true;
form.append(list);

const speaker = document.createElement("p");
speaker.className = "unseen";
speaker.setAttribute("role", "status");
form.append(speaker);

box.setAttribute("role", "combobox");
box.setAttribute("aria-autocomplete", "list");
box.setAttribute("aria-controls", list.id);
box.setAttribute("aria-expanded", "false");

let timer = 0;
let asked = null;
let at = -1;

const options = () => [...list.children];

function close() {
  list.hidden = true;
  at = -1;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

function mark(place) {
  const all = options();
  at = all.length ? (place + all.length + 1) % (all.length + 1) : -1;
  // One step past the end is the box itself, with what was typed.
  if (at === all.length) at = -1;
  all.forEach((option, here) => option.setAttribute("aria-selected", String(here === at)));
  if (at < 0) box.removeAttribute("aria-activedescendant");
  else {
    box.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  }
}

function option(item, place) {
  const row = document.createElement("li");
  row.id = `seek-option-${place}`;
  row.className = "seek__option";
  row.setAttribute("role", "option");
  row.setAttribute("aria-selected", "false");
  row.dataset.url = item.url;
  const picture = document.createElement(item.picture ? "img" : "span");
  picture.className = "seek__picture";
  if (item.picture) Object.assign(picture, { src: item.picture, width: 40, height: 40, alt: "" });
  const text = document.createElement("span");
  text.className = "seek__text";
  text.textContent = item.text;
  const note = document.createElement("span");
  note.className = "seek__note";
  note.textContent = item.note;
  row.append(picture, text, note);
  return row;
}

function show(items) {
  list.replaceChildren(...items.map(option));
  list.hidden = !items.length;
  box.setAttribute("aria-expanded", String(items.length > 0));
  mark(-1);
  speaker.textContent = items.length ? form.dataset.found.replace("0", items.length) : "";
}

async function ask() {
  const words = box.value.trim();
  asked?.abort();
  if (words.length < LEAST) return close();
  asked = new AbortController();
  try {
    const answer = await fetch(`${form.dataset.suggest}?${new URLSearchParams({ q: words })}`, { signal: asked.signal });
    if (answer.ok && document.activeElement === box) show((await answer.json()).items);
  } catch {
    // Typed on, or offline: the form still searches.
  }
}

box.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE);
});

box.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (list.hidden) ask();
    else mark(event.key === "ArrowDown" ? at + 1 : at - 1 < -1 ? options().length - 1 : at - 1);
  } else if (event.key === "Escape" && !list.hidden) {
    event.preventDefault();
    close();
  } else if (event.key === "Enter" && at >= 0) {
    event.preventDefault();
    window.location.assign(options()[at].dataset.url);
  }
});

// Before the box loses the focus and the list is gone.
list.addEventListener("pointerdown", (event) => event.preventDefault());
list.addEventListener("click", (event) => {
  const row = event.target.closest("[data-url]");
  if (row) window.location.assign(row.dataset.url);
});
box.addEventListener("blur", close);
form.addEventListener("submit", close);
