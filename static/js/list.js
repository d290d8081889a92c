// "Show more" in place of numbered pages. The address says how far the list goes, and Back returns to the same spot.

import "./cards.js";
import "./filters.js";

const grid = () => document.querySelector("[data-grid]");
const pages = () => document.querySelector("[data-pages]");

async function read(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(answer.statusText);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function offer() {
  const nav = pages();
  const next = nav?.querySelector("[rel=next]");
  const more = nav?.querySelector("[data-more]");
  if (!more) return;
  more.hidden = !next;
  // Who came to a later page directly still needs the way to those before it.
  nav.querySelector(".pages__list").hidden = !nav.querySelector("[rel=prev]") || Boolean(window.history.state?.first);
}

// The page after what is shown: its cards join the grid, and its own links to further pages replace these.
function join(page) {
  const cards = [...page.querySelectorAll("[data-grid] > li")].map((card) => document.adoptNode(card));
  grid().append(...cards);
  const fresh = page.querySelector("[data-pages]");
  pages().replaceWith(document.adoptNode(fresh));
  offer();
  return cards;
}

async function more(button) {
  const address = pages().querySelector("[rel=next]").href;
  button.setAttribute("aria-disabled", "true");
  try {
    const page = await read(address);
    const first = window.history.state?.first ?? window.location.href;
    window.history.replaceState({ ...window.history.state, first }, "", address);
    const cards = join(page);
    cards[0]?.querySelector("a")?.focus({ preventScroll: true });
  } catch {
    window.location.assign(address);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-more]");
  if (button && button.getAttribute("aria-disabled") !== "true") more(button);
});

// Where somebody stood is kept with the entry of the history: a page that is not kept whole is built again.
window.addEventListener("pagehide", () => {
  if (window.history.state?.first) window.history.replaceState({ ...window.history.state, y: window.scrollY }, "");
});

async function rebuild() {
  const { first, y } = window.history.state ?? {};
  if (!first || first === window.location.href) return;
  const goal = window.location.href;
  try {
    const page = await read(first);
    grid().replaceChildren(...[...page.querySelectorAll("[data-grid] > li")].map((card) => document.adoptNode(card)));
    pages().replaceWith(document.adoptNode(page.querySelector("[data-pages]")));
    while (pages().dataset.pages !== new URL(goal).searchParams.get("page")) {
      const next = pages().querySelector("[rel=next]");
      if (!next) break;
      join(await read(next.href));
    }
    offer();
    window.scrollTo(0, y ?? 0);
  } catch {
    // What the server sent for this page stands as it is.
  }
}

document.addEventListener("listed", offer);
offer();
rebuild();
