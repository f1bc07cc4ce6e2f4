// Copies or prints the recovery codes. Without it they are a list to select.
"use strict";
const list = document.querySelector("[data-codes]");
const words = document.querySelector("[data-with-script]").dataset;
const told = document.querySelector("[data-copied]");

async function copy() {
  const codes = [...list.querySelectorAll("code")].map((code) => code.textContent);
  try {
    await navigator.clipboard.writeText(codes.join("\n"));
    told.textContent = words.copiedText;
  } catch {
    told.textContent = words.notCopiedText;
  }
}

document.querySelector("[data-copy]").addEventListener("click", copy);
document.querySelector("[data-print]").addEventListener("click", () => window.print());
document.querySelector("[data-with-script]").hidden = false;
