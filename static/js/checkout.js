// The checkout form: delivery and total follow the address.

import { isAsking, refresh, say } from "./live.js";
import "./regions.js";

const form = document.querySelector("#checkout");
const { country, region, zip } = form.elements;
let pressed = null;

const pay = () => document.querySelector("#pay-now");
const way = () => form.querySelector("[name=method]:checked");

// Every sum was written by the server: nothing is calculated here.
function showWay() {
  const words = way()?.dataset ?? {};
  for (const place of document.querySelectorAll("[data-show]")) {
    if (words[place.dataset.show]) place.textContent = words[place.dataset.show];
  }
}

function told(page) {
  return page.querySelector("#news")?.textContent.trim() || page.querySelector("#summary .totals__sum")?.textContent || "";
}

async function quote() {
  await refresh(form, { button: document.querySelector("#quote"), told, failed: () => {} });
  if (isAsking() || !pressed) return;
  const agreed = pressed;
  pressed = null;
  if (pay()?.textContent === agreed) form.requestSubmit(pay());
}

form.addEventListener("change", (event) => {
  if (event.target.name === "method") {
    showWay();
    say(way().dataset.pay);
  }
  const placed = [region, zip].includes(event.target) && region.value && zip.value;
  if (event.target === country || placed) quote();
});

// Pressed while the total is being asked for: paid at once if the total stays, else looked at first.
form.addEventListener("submit", (event) => {
  if (!isAsking()) return;
  event.preventDefault();
  pressed = pay()?.textContent ?? null;
});

// A way chosen while the answer was under way stays chosen.
let held = null;
form.addEventListener("input", (event) => {
  if (event.target.name === "method") held = event.target.value;
});
document.addEventListener("live", () => {
  const mine = held && form.querySelector(`[name=method][value="${CSS.escape(held)}"]`);
  if (mine) mine.checked = true;
  showWay();
});

document.documentElement.classList.add("is-live");
showWay();
