// The socket of the queue: it says that something changed, and never what.

import { backOff } from "./server.js";

const SIGN_IN = 4401;
const FORBIDDEN = 4403;

/** `changed` on each poke; `live(true|false)` when it comes and goes; `signedOut` when there is no use in trying again. */
export function listen({ changed, live = () => {}, signedOut = () => {} }) {
  let failures = 0;

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/queue`);
    socket.onopen = () => live(true);
    socket.onmessage = ({ data }) => {
      failures = 0;
      if (isPoke(data)) changed();
    };
    socket.onclose = ({ code }) => {
      live(false);
      if (code === SIGN_IN || code === FORBIDDEN) {
        signedOut();
        return;
      }
      setTimeout(connect, backOff(failures));
      failures += 1;
    };
  }

  connect();
}

function isPoke(data) {
  try {
    return JSON.parse(data).t === "queue";
  } catch {
    return false; // not ours
  }
}
