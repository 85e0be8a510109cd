import { setMaxListeners } from 'node:events';

/** Ends any number of requests and pauses; a plain one warns at the eleventh of them, as if they were forgotten. */
export function abortControllerForMany(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
