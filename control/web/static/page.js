"use strict";
const counts = document.getElementById("counts");
const show = (message) => {
  const { status } = JSON.parse(message.data);
  counts.textContent = `${status.num_points} points, ` + Object.entries(status.counts).map(([word, count]) => `${count} ${word}`).join(", ") + ".";
};
const events = new EventSource("/events");
for (const name of ["all", "change"]) events.addEventListener(name, show);
