import { readBoundedFile } from '../kernel/bounded-file.js';
import { type CertstreamError, messageOf } from '../kernel/certstream-error.js';

/** Makes the error for a secret or a file that is missing. The message does not contain the secret. */
export type MissingFile = (message: string, cause?: unknown) => CertstreamError;

/** Size of the largest file of a secret; credentials of NATS have less than 2 KB. */
const MAX_BYTES = 1024 * 1024;

/** The keys of a secret in the settings: `password`, `password_file` and `password_env`, for example. */
export type SecretSettings<Name extends string> = Readonly<
  Record<Name | `${Name}_file` | `${Name}_env`, string>
>;

/**
 * Returns a secret, from its file or variable if it has one. It is read for each connection, so a new value needs no restart.
 * @param missing makes the error that is thrown if the file or the variable has no secret.
 * @returns undefined if none is configured.
 */
export async function readSecret<Name extends string>(
  settings: SecretSettings<Name>,
  name: Name,
  missing: MissingFile,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string | undefined> {
  const {
    [`${name}_file`]: file,
    [`${name}_env`]: variable,
    [name]: text,
  } = settings as Record<string, string>;
  if (file !== '') return readSecretFile(`${name}_file`, file, missing);
  if (variable !== '') {
    const value = environment[variable]?.trim();
    if (value === undefined || value === '')
      throw missing(`the variable ${variable} of ${name}_env is not set; set it, or remove the key`);
    return value;
  }
  return text === '' ? undefined : text;
}

/** Returns the text of a file without white space at its end. @param key the key that names the file, for messages. */
export async function readSecretFile(key: string, file: string, missing: MissingFile): Promise<string> {
  let text;
  try {
    text = (await readBoundedFile(file, MAX_BYTES)).toString().trimEnd();
  } catch (cause) {
    throw missing(`${file} of ${key} cannot be read: ${messageOf(cause)}`, cause);
  }
  if (text === '') throw missing(`${file} of ${key} is empty; write the secret into it`);
  return text;
}
