import { Observable, type Observer, type Operator, Subscriber, type Subscription } from 'rxjs';

/** Called with whatever a subscriber threw, or with what its promise was rejected with. */
export type SubscriberErrorHandler = (error: unknown) => void;

type Subscribe<T> = (subscriber: Subscriber<T>) => Subscription;
type Next<T> = (value: T) => unknown;

/**
 * An Observable whose subscribers cannot hurt it, each other or the process. RxJS throws what a `next`
 * handler threw again in a timer, which ends the process; here it goes to `onError` and the subscription
 * lives on. It holds through `pipe`, too: what an operator throws ends that one subscription only.
 */
export class IsolatedObservable<T> extends Observable<T> {
  constructor(
    private readonly onError: SubscriberErrorHandler,
    subscribe?: Subscribe<T>,
  ) {
    super(subscribe);
  }

  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new IsolatedObservable<R>(this.onError);
    lifted.source = this;
    lifted.operator = operator;
    return lifted;
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | Next<T> | null,
    error?: SubscriberErrorHandler | null,
    complete?: (() => void) | null,
  ): Subscription {
    // An operator's own subscriber: the consumer behind it is wrapped where it subscribes.
    if (observerOrNext instanceof Subscriber) return super.subscribe(observerOrNext);
    const observer: Partial<Observer<T>> =
      typeof observerOrNext === 'object' && observerOrNext !== null
        ? observerOrNext
        : { next: observerOrNext ?? undefined, error: error ?? undefined, complete: complete ?? undefined };
    return super.subscribe({
      next: (value) => this.guard(() => observer.next?.(value)),
      error: (reason) => (observer.error ? this.guard(() => observer.error?.(reason)) : this.onError(reason)),
      complete: () => this.guard(() => observer.complete?.()),
    });
  }

  private guard(call: () => unknown): void {
    try {
      const result = call();
      if (result instanceof Promise) result.catch(this.onError);
    } catch (error) {
      this.onError(error);
    }
  }
}
