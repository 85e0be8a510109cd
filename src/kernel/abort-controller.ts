import { setMaxListeners } from 'node:events';

/** Returns an AbortController for any number of requests and pauses. A plain one warns of a leak at the eleventh listener. */
export function abortControllerForMany(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
