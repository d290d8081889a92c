// Every form: a second press sends nothing twice, and focus goes politely to what just happened.

const BUSY = "data-busy";

function guard(event) {
  const form = event.target;
  // Not form.method: a field of that name, as in the checkout, would stand there instead.
  if (event.defaultPrevented || form.getAttribute("method")?.toLowerCase() !== "post") return;
  if (form.hasAttribute(BUSY)) {
    event.preventDefault();
    return;
  }
  form.setAttribute(BUSY, "");
  // Not `disabled`: the pressed button's own name and value must still be sent.
  for (const button of form.querySelectorAll("button:not([type=button])")) {
    button.setAttribute("aria-disabled", "true");
  }
}

function release() {
  for (const form of document.querySelectorAll(`form[${BUSY}]`)) {
    form.removeAttribute(BUSY);
    for (const button of form.querySelectorAll("button[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
}

document.addEventListener("submit", guard);
// Coming back with the Back button restores the page as it was left: the form must work again.
window.addEventListener("pageshow", (event) => event.persisted && release());

const first = document.querySelector("#errors, [data-note]");
if (first) first.focus();
document.documentElement.classList.add("js");
