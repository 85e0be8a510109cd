import { CertstreamError } from '../kernel/certstream-error.js';

const MAX_DEPTH = 6;
const MAX_TOGETHER = 4;

/** The parts of an error that are logged. */
export interface DescribedError {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
  /** Present only if the error is unexpected and thus a defect. */
  readonly stack?: string;
  /** Causes, outermost first. The members of an AggregateError are listed one after the other. */
  readonly causes: readonly DescribedError[];
}

export function describeError(error: Error): DescribedError {
  return { ...describeOne(error), causes: causesOf(error) };
}

function describeOne(error: Error): DescribedError {
  const code = codeOf(error);
  return {
    name: error.name,
    ...(code === undefined ? {} : { code }),
    message: error.message,
    ...(isExpected(error, code) || !error.stack ? {} : { stack: error.stack }),
    causes: [],
  };
}

function codeOf(error: Error): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** Reports whether the error comes from this server, the system or the network, and thus is not a defect. */
function isExpected(error: Error, code: string | undefined): boolean {
  if (error instanceof CertstreamError || error.name === 'AbortError' || error.name === 'TimeoutError')
    return true;
  return code !== undefined && !code.startsWith('ERR_');
}

function causesOf(error: Error): DescribedError[] {
  const causes: DescribedError[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    if (current instanceof AggregateError) {
      const members = current.errors.filter((member): member is Error => member instanceof Error);
      causes.push(...members.slice(0, MAX_TOGETHER).map(describeOne));
    }
    current = current instanceof Error ? current.cause : undefined;
    if (!(current instanceof Error)) break;
    causes.push(describeOne(current));
  }
  return causes;
}
