import { loadPackages, type OptionalPackage } from '../../kernel/optional-package.js';
import { OutputError } from '../output-error.js';

/**
 * Loads a package that the user installs for an output.
 * @param load `() => import('<name>')`
 * @throws OutputError (`OUTPUT_PACKAGE_MISSING`) with the command that installs it.
 */
export function loadPackage<T>(
  output: string,
  names: readonly OptionalPackage[],
  load: () => Promise<T>,
): Promise<T> {
  return loadPackages(
    names,
    load,
    (problem, cause) =>
      new OutputError('OUTPUT_PACKAGE_MISSING', `output ${output} needs packages ${problem}`, { cause }),
  );
}
