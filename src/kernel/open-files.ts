import { readFileSync } from 'node:fs';

/**
 * Returns how many files, sockets included, this process may have open at the same time (`ulimit -n`), Infinity without a limit, and undefined
 * where the system does not say. Node has raised the soft limit to the hard one before any code runs.
 */
export function openFileLimit(): number | undefined {
  if (process.platform === 'linux') {
    try {
      const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
      return toNumber(soft);
    } catch {
      // Without /proc, the report has the limit.
    }
  }
  return reportedLimit();
}

/** The report takes milliseconds, so it is read only where nothing else has the limit. */
function reportedLimit(): number | undefined {
  const { report } = process as { report?: { excludeNetwork?: boolean; getReport(): unknown } };
  if (report === undefined) return undefined;
  const { excludeNetwork } = report;
  report.excludeNetwork = true;
  try {
    const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
    return toNumber(userLimits?.open_files?.soft);
  } catch {
    return undefined;
  } finally {
    if (excludeNetwork !== undefined) report.excludeNetwork = excludeNetwork;
  }
}

function toNumber(value: unknown): number | undefined {
  if (value === 'unlimited') return Infinity;
  const number = Number(value);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}
