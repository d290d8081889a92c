// What was looked at before, kept in this browser alone and shown as the server draws it.

import "./cards.js";

const KEY = "seen";
const KEPT = 9;

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "[]").filter(Number.isInteger).slice(0, KEPT);
  } catch {
    return [];
  }
}

function keep(id) {
  try {
    localStorage.setItem(KEY, JSON.stringify([id, ...kept().filter((other) => other !== id)].slice(0, KEPT)));
  } catch {
    // A browser that keeps nothing shows nothing.
  }
}

async function show(place) {
  const here = Number(place.dataset.here);
  const ids = kept().filter((id) => id !== here);
  if (here) keep(here);
  if (!ids.length) return;
  const answer = await fetch(`${place.dataset.seen}?${new URLSearchParams({ ids: ids.join(",") })}`);
  if (!answer.ok) return;
  const drawn = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("section");
  if (drawn) place.replaceChildren(document.adoptNode(drawn));
}

const look = () => document.querySelectorAll("[data-seen]").forEach((place) => show(place).catch(() => {}));

// A cart that has just become empty brings a place of its own.
document.addEventListener("live", look);
look();
