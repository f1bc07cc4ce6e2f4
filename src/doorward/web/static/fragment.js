// The token of a mailed link is in the address's fragment, which browsers send to no server. This puts it into the
// form, and keeps it in the address that the form leads to, so that a second try has it, too.
"use strict";
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const field = document.querySelector("[data-token]");
if (token && field) {
  field.value = token;
  field.form.action += location.hash;
  for (const part of document.querySelectorAll("[data-without-token]")) {
    part.hidden = true;
  }
} else if (token) {
  history.replaceState(null, "", location.pathname);
}
