import { filter, map, Subject, take } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { IsolatedObservable } from './isolated-observable.js';

function isolated() {
  const source = new Subject<number>();
  const onError = vi.fn();
  return { source, onError, numbers$: new IsolatedObservable<number>(onError, (s) => source.subscribe(s)) };
}

const failure = new Error('subscriber failed');
const fail = () => {
  throw failure;
};

describe(IsolatedObservable.name, () => {
  it('continues with a subscriber that throws and with the others', () => {
    const { source, onError, numbers$ } = isolated();
    const [before, after] = [vi.fn(), vi.fn()];
    numbers$.subscribe(before);
    numbers$.subscribe({ next: fail });
    numbers$.subscribe(after);
    source.next(1);
    source.next(2);
    expect(before.mock.calls).toEqual([[1], [2]]);
    expect(after.mock.calls).toEqual([[1], [2]]);
    expect(onError.mock.calls).toEqual([[failure], [failure]]);
  });

  it('isolates errors after operators', () => {
    const { source, onError, numbers$ } = isolated();
    const seen = vi.fn();
    numbers$.pipe(filter((n) => n > 0)).subscribe(fail);
    numbers$.pipe(map(fail)).subscribe();
    numbers$.pipe(map((n) => n * 10)).subscribe(seen);
    source.next(1);
    source.next(2);
    expect(seen.mock.calls).toEqual([[10], [20]]);
    // The failed map has ended its own subscription, so it reports once.
    expect(onError).toHaveBeenCalledTimes(3);
  });

  it('leaves an error to a subscriber that handles it', () => {
    const { source, onError, numbers$ } = isolated();
    const handled = vi.fn();
    numbers$.pipe(map(fail)).subscribe({ error: handled });
    source.next(1);
    expect(handled).toHaveBeenCalledWith(failure);
    expect(onError).not.toHaveBeenCalled();
  });

  it('reports the rejection of an asynchronous subscriber', async () => {
    const { source, onError, numbers$ } = isolated();
    numbers$.subscribe(async () => Promise.reject(failure));
    source.next(1);
    await vi.waitFor(() => expect(onError).toHaveBeenCalledWith(failure));
  });

  it('calls an observer as its method, and completes and unsubscribes like any Observable', () => {
    const { source, numbers$ } = isolated();
    const observer = {
      seen: [] as number[],
      next(value: number) {
        this.seen.push(value);
      },
      complete: vi.fn(),
    };
    numbers$.pipe(take(2)).subscribe(observer);
    [1, 2, 3].forEach((n) => source.next(n));
    expect(observer.seen).toEqual([1, 2]);
    expect(observer.complete).toHaveBeenCalledOnce();
    expect(source.observed).toBe(false);
  });
});
