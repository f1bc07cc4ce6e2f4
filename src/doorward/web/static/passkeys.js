// Passkeys: asks the browser for what a form cannot hold, and sends it as the form's field `credential`. The options are
// in the form, so nothing is fetched. The server answers with a page, as to every form.
"use strict";

const isSupported = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);
let autofill = null;

function tell(form, error) {
  // The words are in the form, in the language of the page: for the error `NotAllowedError` in `data-not-allowed-error`.
  const words = form.dataset[error.name[0].toLowerCase() + error.name.slice(1)] ?? form.dataset.otherError;
  const message = error.name === "AbortError" ? "" : words;
  const place = form.querySelector("[data-told]");
  place.textContent = message;
  place.hidden = !message;
}

function send(form, credential) {
  form.elements.credential.value = JSON.stringify(credential.toJSON());
  form.submit();
}

function create(form) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(form.dataset.create));
  return navigator.credentials.create({ publicKey });
}

function get(form, more = {}) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(form.dataset.get));
  return navigator.credentials.get({ publicKey, ...more });
}

// The browser offers passkeys in the list of the field `username webauthn`, until a button asks for one.
async function offerInField(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) {
    return;
  }
  autofill = new AbortController();
  try {
    send(form, await get(form, { mediation: "conditional", signal: autofill.signal }));
  } catch (error) {
    // No passkey was asked for yet: that there is none, or none was chosen, is no error.
    if (error.name !== "NotAllowedError") {
      tell(form, error);
    }
  }
}

// Tells the browser which passkeys and names are true here, so that it offers no others.
async function signal({ unknown, accepted, user }) {
  const signals = [
    ["signalUnknownCredential", unknown],
    ["signalAllAcceptedCredentials", accepted],
    ["signalCurrentUserDetails", user],
  ];
  for (const [name, told] of signals) {
    if (told && PublicKeyCredential[name]) {
      await PublicKeyCredential[name](told);
    }
  }
}

for (const form of isSupported ? document.querySelectorAll("form[data-create], form[data-get]") : []) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    autofill?.abort();
    form.querySelector("[data-told]").hidden = true;
    try {
      send(form, await (form.dataset.create ? create(form) : get(form)));
    } catch (error) {
      tell(form, error);
    }
  });
  if (form.hasAttribute("data-autofill")) {
    offerInField(form);
  }
}
const signals = document.querySelector("[data-signals]");
if (signals && isSupported) {
  signal(JSON.parse(signals.dataset.signals));
}
