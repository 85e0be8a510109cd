import { messageOf } from '../../kernel/certstream-error.js';
import { OutputError } from '../output-error.js';

/** Packages that only some outputs need, with the versions that are tested. */
export const OPTIONAL_PACKAGES = {
  '@platformatic/kafka': '1.35.0',
  '@nats-io/transport-node': '3.4.0',
  '@nats-io/jetstream': '3.4.0',
} as const;

export type OptionalPackage = keyof typeof OPTIONAL_PACKAGES;

/**
 * Loads a package that the user installs for an output.
 * @param load `() => import('<name>')`
 * @throws OutputError (`OUTPUT_PACKAGE_MISSING`) with the command that installs it.
 */
export async function loadPackage<T>(
  output: string,
  names: readonly OptionalPackage[],
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    const problem = isMissing ? 'that are not installed' : `that cannot be loaded (${messageOf(cause)})`;
    const install = names.map((name) => `${name}@${OPTIONAL_PACKAGES[name]}`).join(' ');
    throw new OutputError(
      'OUTPUT_PACKAGE_MISSING',
      `output ${output} needs packages ${problem}; run: npm install ${install}`,
      { cause },
    );
  }
}
