// The cart and the thank-you page. All of it works without this file, which only saves page loads.

import { read, refresh, say, show, soon } from "./live.js";

const text = (page, where) => page.querySelector(where)?.textContent ?? "";
const told = (page) => `${text(page, ".removed p")} ${text(page, ".totals__sum")}`;

// A changed number or country is sent by itself.
function sendBySelf(form) {
  const failed = () => form.submit();
  form.classList.add("is-auto");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    refresh(form, { button: event.submitter, told, failed });
  });
  form.addEventListener("change", () => soon(() => form.reportValidity() && refresh(form, { told, failed })));
}

function offerPrinting(button) {
  button.hidden = false;
  button.onclick = () => window.print();
}

function ready() {
  document.querySelectorAll("form[data-auto]:not(.is-auto)").forEach(sendBySelf);
  document.querySelectorAll("[data-print]").forEach(offerPrinting);
}

// Look again until the payment is confirmed.
async function lookAgain(region) {
  await new Promise((done) => setTimeout(done, Number(region.dataset.poll) * 1000));
  try {
    const page = await read(await fetch(location.href, { headers: { Accept: "text/html" } }));
    const fresh = page.querySelector("#outcome");
    if (fresh && !fresh.dataset.poll) {
      const words = text(page, "h1");
      document.title = page.title;
      show(page);
      say(words);
      return;
    }
  } catch {
    // The next look may succeed.
  }
  lookAgain(region);
}

document.addEventListener("live", ready);
ready();
const waiting = document.querySelector("[data-poll]");
if (waiting) lookAgain(waiting);
