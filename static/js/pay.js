// Stripe's Payment Element on our page. Until it is there, the page says in words that it is not.

const form = document.querySelector("#pay");
const fallback = document.querySelector("#pay-fallback");
const button = document.querySelector("#pay-button");
const trouble = document.querySelector("#pay-error");
const PATIENCE = 10_000;

function fail(words) {
  document.querySelector("#pay-words").textContent = words ?? "";
  trouble.hidden = false;
  trouble.focus();
}

function busy(is) {
  form.toggleAttribute("data-paying", is);
  if (is) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

async function start() {
  const stripe = window.Stripe(form.dataset.key, { locale: document.documentElement.lang });
  const theme = matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "stripe";
  const checkout = stripe.initCheckoutElementsSdk({
    clientSecret: form.dataset.secret,
    elementsOptions: { appearance: { theme } },
  });
  const element = checkout.createPaymentElement();
  element.on("ready", () => {
    fallback.hidden = true;
    button.hidden = false;
  });
  const express = checkout.createExpressCheckoutElement();
  express.mount("#pay-express");
  element.mount("#pay-element");
  const loaded = await checkout.loadActions();
  if (loaded.type !== "success") throw new Error(loaded.error?.message);
  const pay = async (how = {}) => {
    if (form.hasAttribute("data-paying")) return;
    trouble.hidden = true;
    busy(true);
    const result = await loaded.actions.confirm(how);
    if (result.type === "error") {
      busy(false);
      fail(result.error.message);
    }
  };
  // Stripe may learn the place to tax only here: what the button says is what is paid.
  checkout.on("change", ({ total: { total } }) => {
    if (total.minorUnitsAmount === Number(button.dataset.total)) return;
    button.dataset.total = total.minorUnitsAmount;
    button.textContent = button.dataset.words.replace("{sum}", total.amount);
  });
  express.on("confirm", (event) => pay({ expressCheckoutConfirmEvent: event }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    pay();
  });
}

fallback.hidden = true;
setTimeout(() => {
  if (button.hidden) fallback.hidden = false;
}, PATIENCE);
const started = window.Stripe ? start() : Promise.reject(new Error("Stripe.js is not here"));
started.catch(() => {
  button.hidden = true;
  fallback.hidden = false;
});
