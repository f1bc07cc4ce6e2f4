// Sends the page's form on to the application. Without JavaScript its button does.
"use strict";

document.querySelector("form[data-submit]").submit();
