/** T with every array readonly, so that only the elements are compared. */
type Plain<T> = T extends readonly (infer E)[]
  ? readonly Plain<E>[]
  : T extends object
    ? { [K in keyof T]: Plain<T[K]> }
    : T;
/** T with every key required: a type that lacks an optional key is assignable, and would pass as the same. */
type Complete<T> = T extends readonly (infer E)[]
  ? readonly Complete<E>[]
  : T extends object
    ? { [K in keyof T]-?: Complete<T[K]> }
    : T;
type Mutual<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/** Whether two types of JSON documents have the same keys and values. */
export type SameType<A, B> =
  Mutual<Plain<A>, Plain<B>> extends true ? Mutual<Complete<A>, Complete<B>> : false;

/** Compiles only if all of `T` are true. */
export type All<T extends readonly true[]> = T;
