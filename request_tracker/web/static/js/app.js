// The only script of our own: a page that comes back with errors starts at their list. Everything works without it.
"use strict";
document.getElementById("error-summary")?.focus();
