import { Observable, type Observer, type Operator, Subscriber, type Subscription } from 'rxjs';

/** Is called with the value that a subscriber threw or with which its promise was rejected. */
export type SubscriberErrorHandler = (error: unknown) => void;

type Subscribe<T> = (subscriber: Subscriber<T>) => Subscription;
type Next<T> = (value: T) => unknown;

/**
 * An Observable that isolates the errors of its subscribers from each other and from the process. RxJS rethrows the
 * error of a `next` handler in a timer, which ends the process. This class passes it to `onError`, and the
 * subscription continues. The same holds after `pipe`: an operator that throws ends only its own subscription.
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
    // This is the subscriber of an operator. The consumer after the operator is wrapped where it subscribes.
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
