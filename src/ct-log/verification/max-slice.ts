/** Entries per publication. About 3 ms of work for the outputs; sockets and other logs get their turn in between. */
export const MAX_SLICE = 256;
