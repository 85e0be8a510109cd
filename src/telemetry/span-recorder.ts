import type { Attributes, Span, Tracer } from '@opentelemetry/api';
import { messageOf } from '../kernel/certstream-error.js';
import { TRACE_CHANNELS } from '../kernel/trace-channels.js';

/** `SpanStatusCode.ERROR` and `SpanKind.CLIENT` of `@opentelemetry/api`. */
const ERROR = 2;
const CLIENT = 2;

/** Records a span for each operation of the trace channels. @returns a function that ends this. */
export function recordSpans(tracer: Tracer): () => void {
  const ends = Object.values(TRACE_CHANNELS).map((channel) => {
    const spans = new WeakMap<object, Span>();
    const name = channel.start.name.toString().replace(/^tracing:(.*):start$/, '$1');
    const subscribers = {
      start: (context: object) => {
        spans.set(
          context,
          tracer.startSpan(name, { kind: CLIENT, root: true, attributes: { ...context } as Attributes }),
        );
      },
      error: (context: { readonly error?: unknown }) => {
        const span = spans.get(context);
        const message = messageOf(context.error);
        span?.setStatus({ code: ERROR, message });
        const { code } = (context.error ?? {}) as { code?: unknown };
        if (typeof code === 'string') span?.setAttribute('error.type', code);
      },
      end: () => undefined,
      asyncStart: () => undefined,
      asyncEnd: (context: object) => spans.get(context)?.end(),
    };
    channel.subscribe(subscribers);
    return () => channel.unsubscribe(subscribers);
  });
  return () => {
    for (const end of ends) end();
  };
}
