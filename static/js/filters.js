// Where the filters stand beside the list, a tick applies at once. Elsewhere, and without this file, a button sends them.

const beside = window.matchMedia("(width >= 60rem)");
let latest = 0;

async function narrow(form, box) {
  const mine = ++latest;
  const address = `${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`;
  document.querySelector(".listing").setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== latest) return;
    show(page.querySelector(".listing"), box);
    window.history.pushState({}, "", address);
    document.dispatchEvent(new Event("listed"));
  } catch {
    if (mine === latest) window.location.assign(address);
  }
}

// The same box keeps the focus, and long groups stay where they were scrolled to.
function show(fresh, box) {
  const scrolled = [...document.querySelectorAll(".filters__values")].map((group) => group.scrollTop);
  document.querySelector(".listing").replaceWith(document.adoptNode(fresh));
  document.querySelectorAll(".filters__values").forEach((group, at) => (group.scrollTop = scrolled[at] ?? 0));
  const same = `.filters [name="${CSS.escape(box.name)}"][value="${CSS.escape(box.value)}"]`;
  document.querySelector(same)?.focus({ preventScroll: true });
  speaker.textContent = document.querySelector(".listing__count")?.textContent.trim() ?? "";
}

// A live region speaks when its own text changes, not when it is replaced.
const speaker = document.createElement("p");
speaker.className = "unseen";
speaker.setAttribute("role", "status");
document.querySelector("#main").append(speaker);

document.addEventListener("change", (event) => {
  const form = event.target.closest(".filters__form");
  if (form && beside.matches) narrow(form, event.target);
});

window.addEventListener("popstate", () => {
  if (!window.location.hash) window.location.reload();
});
