// Asks the appliance over https, and shows whether this browser would: it refuses
// by itself what is signed by an authority that it does not trust.
"use strict";
(function () {
  var check = document.getElementById("check");
  if (!check) return;
  function show(state) {
    for (var each of check.querySelectorAll("[data-when]")) each.hidden = each.dataset.when !== state;
  }
  function ask() {
    fetch(check.dataset.at + "/trust/check", { mode: "cors", credentials: "omit", cache: "no-store" })
      .then(function (answer) { return answer.ok; }, function () { return false; })
      .then(function (trusted) { show(trusted ? "trusted" : "not-yet"); });
  }
  show("asking");
  ask();
  // Whoever comes back from the settings of the device wants to know again.
  document.addEventListener("visibilitychange", function () { if (!document.hidden) ask(); });
  for (var button of check.querySelectorAll("button")) button.addEventListener("click", function () { show("asking"); ask(); });
})();
