// Events: the stream of news from the server, and whether it is connected.

const AGAIN_MS = 5000;

/** Call `take[name](data)` for each event, and `tell` with whether the stream is connected; reconnects for ever. */
export function follow(take, tell) {
  const source = new EventSource("events");
  source.addEventListener("open", () => tell(true));
  for (const [name, handle] of Object.entries(take)) {
    source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
  }
  source.addEventListener("error", () => {
    tell(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, AGAIN_MS, take, tell);
  });
}
