// Stripe's Payment Element on our page. Until it is there, the page says in words that it is not.

const form = document.querySelector("#pay");
const fallback = document.querySelector("#pay-fallback");
const button = document.querySelector("#pay-button");
const trouble = document.querySelector("#pay-error");
const PATIENCE = 10_000;

function fail(words) {
  trouble.textContent = words || form.dataset.failed;
  trouble.hidden = false;
  trouble.focus();
}

function busy(is) {
  form.toggleAttribute("data-busy", is);
  button.toggleAttribute("aria-disabled", is);
  if (is) button.setAttribute("aria-disabled", "true");
}

async function start() {
  const checkout = window.Stripe(form.dataset.key).initCheckoutElementsSdk({ clientSecret: form.dataset.secret });
  const element = checkout.createPaymentElement();
  element.on("ready", () => {
    fallback.hidden = true;
    button.hidden = false;
  });
  element.mount("#pay-element");
  const loaded = await checkout.loadActions();
  if (loaded.type !== "success") throw new Error(loaded.error?.message);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.hasAttribute("data-busy")) return;
    trouble.hidden = true;
    busy(true);
    const result = await loaded.actions.confirm();
    if (result.type === "error") {
      busy(false);
      fail(result.error.message);
    }
  });
}

fallback.hidden = true;
const late = setTimeout(() => { if (button.hidden) fallback.hidden = false; }, PATIENCE);
if (!window.Stripe) {
  clearTimeout(late);
  fallback.hidden = false;
} else {
  start().catch(() => {
    clearTimeout(late);
    button.hidden = true;
    fallback.hidden = false;
  });
}
