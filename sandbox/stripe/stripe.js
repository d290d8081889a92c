// A stand-in for Stripe.js: the Checkout-with-Elements part, speaking to this sandbox instead of Stripe.
// It styles through the CSSOM only, so that a page with a strict content policy can load it.
(() => {
  const origin = new URL(document.currentScript.src).origin;
  const outcomes = [
    ["pay", "Card 4242 4242 4242 4242: succeeds"],
    ["decline", "Card 4000 0000 0000 0002: is declined"],
    ["delayed", "Bank debit: unpaid for some days"],
  ];

  const post = async (path, fields) => {
    const given = Object.entries(fields).filter(([, value]) => value);
    try {
      const answer = await fetch(origin + path, { method: "POST", body: new URLSearchParams(given), credentials: "omit" });
      return await answer.json();
    } catch {
      return { type: "error", error: { message: "We could not reach the payment service. Please try again.", code: null } };
    }
  };

  const element = (name, styles, parent) => {
    const made = document.createElement(name);
    Object.assign(made.style, styles);
    parent.append(made);
    return made;
  };

  const find = (target) => {
    const place = typeof target === "string" ? document.querySelector(target) : target;
    if (!place) throw new Error(`The selector you specified (${target}) applies to no DOM elements.`);
    place.replaceChildren();
    return place;
  };

  const emitter = () => {
    const listeners = {};
    return {
      on: (name, listener) => void (listeners[name] ||= []).push(listener),
      off: (name, listener) => void (listeners[name] = (listeners[name] || []).filter((one) => one !== listener)),
      emit: (name, value) => (listeners[name] || []).forEach((listener) => listener(value)),
    };
  };

  const drawnElement = (kind, draw) => {
    const { on, off, emit } = emitter();
    let place = null;
    const clear = () => place?.replaceChildren();
    return {
      kind, on, off, emit,
      mount: (target) => { place = find(target); draw(place, emit); queueMicrotask(() => emit("ready", { elementType: kind })); },
      unmount: clear, destroy: clear, update: () => {}, focus: () => place?.querySelector("select, button, input")?.focus(), blur: () => {}, clear: () => {},
    };
  };

  const initCheckoutElementsSdk = (key, options) => {
    const { on, off, emit } = emitter();
    const chosen = { outcome: "pay", email: options.defaultValues?.email || "" };
    let session = null;
    const secret = Promise.resolve(options.clientSecret).then((value) => (typeof value === "function" ? value() : value));
    const seen = () => session && { ...session, email: session.email || chosen.email || null, canConfirm: session.status.type === "open" && Boolean(session.email || chosen.email) };
    const changed = () => emit("change", seen());

    const load = async (fields = {}) => {
      const answer = await post("/elements/session", { client_secret: await secret, key, ...fields });
      if (answer.type !== "success") return answer;
      session = answer.session;
      changed();
      return { type: "success", session: seen() };
    };

    const confirm = async (asked = {}) => {
      const email = asked.email || chosen.email;
      const outcome = asked.expressCheckoutConfirmEvent ? "pay" : chosen.outcome;
      const answer = await post("/elements/confirm", { client_secret: await secret, key, outcome, email });
      if (answer.type !== "success") return answer;
      session = answer.session;
      changed();
      const back = asked.returnUrl ? asked.returnUrl.replace("{CHECKOUT_SESSION_ID}", session.id) : session.returnUrl;
      if (asked.redirect !== "if_required" && back) {
        location.assign(back);
        return new Promise(() => {});
      }
      return { type: "success", session: seen() };
    };

    const drawPayment = (place, tell) => {
      const frame = element("div", { display: "grid", gap: "8px", padding: "16px", border: "1px solid #d5d9df", borderRadius: "8px", background: "#fff", color: "#1d2129" }, place);
      const ribbon = element("span", { justifySelf: "start", padding: "1px 10px", borderRadius: "99px", background: "#ffe3b3", color: "#5c3b00", font: "600 13px system-ui, sans-serif" }, frame);
      ribbon.textContent = "Test mode";
      const label = element("label", { font: "14px system-ui, sans-serif" }, frame);
      label.textContent = "Pay with";
      const select = element("select", { display: "block", width: "100%", minHeight: "44px", marginTop: "4px", border: "1px solid #6b7280", borderRadius: "6px", background: "#fff", color: "#1d2129", colorScheme: "light", font: "16px system-ui, sans-serif" }, label);
      outcomes.forEach(([value, text]) => select.add(new Option(text, value)));
      select.addEventListener("change", () => { chosen.outcome = select.value; tell("change", { complete: true, empty: false, value: { type: select.value } }); changed(); });
      queueMicrotask(() => tell("change", { complete: true, empty: false, value: { type: "card" } }));
    };

    const drawExpress = (place, tell) => {
      const button = element("button", { width: "100%", minHeight: "48px", border: "0", borderRadius: "8px", background: "#111", color: "#fff", font: "600 16px system-ui, sans-serif", cursor: "pointer" }, place);
      button.type = "button";
      button.textContent = "Wallet (test)";
      button.addEventListener("click", () => tell("confirm", { expressPaymentType: "apple_pay", paymentFailed: () => {} }));
      queueMicrotask(() => tell("availablepaymentmethodschange", { availablePaymentMethods: { applePay: true } }));
    };

    const actions = {
      getSession: seen,
      confirm,
      updateEmail: async (email) => { chosen.email = email; changed(); return { type: "success", session: seen() }; },
      updatePhoneNumber: async () => ({ type: "success", session: seen() }),
      updateShippingAddress: async () => ({ type: "success", session: seen() }),
      updateBillingAddress: async () => ({ type: "success", session: seen() }),
      updateShippingOption: (id) => load({ shipping_option: id }),
      applyPromotionCode: (code) => load({ promotion_code: code }),
      runServerUpdate: async (update) => { await update(); return load(); },
    };

    return {
      on, off,
      createPaymentElement: () => drawnElement("payment", drawPayment),
      createExpressCheckoutElement: () => drawnElement("expressCheckout", drawExpress),
      createShippingAddressElement: () => drawnElement("shippingAddress", () => {}),
      createBillingAddressElement: () => drawnElement("billingAddress", () => {}),
      createContactDetailsElement: () => drawnElement("contactDetails", () => {}),
      changeAppearance: () => {},
      loadActions: async () => {
        const loaded = await load();
        return loaded.type === "success" ? { type: "success", actions } : loaded;
      },
    };
  };

  window.Stripe = (key) => {
    if (!/^pk_/.test(key || "")) throw new Error("Please call Stripe() with your publishable key.");
    return { initCheckoutElementsSdk: (options) => initCheckoutElementsSdk(key, options) };
  };
  window.Stripe.version = "endive";
})();
