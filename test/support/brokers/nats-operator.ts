import { nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

const UNLIMITED = -1;

/** An operator of NATS with one account for users and one for the server, as `nsc` makes them. */
export class NatsOperator {
  private readonly operator = nkeys.createOperator();
  private readonly account = nkeys.createAccount();
  private readonly system = nkeys.createAccount();

  /** Lines of the configuration of a nats-server that trusts the operator. */
  get config(): string {
    const accounts = [this.account, this.system].map(
      (account) => `${account.getPublicKey()}: ${this.accountJwt(account)}`,
    );
    return [
      `operator: ${jwt(this.operator, this.operator, { type: 'operator' })}`,
      `system_account: ${this.system.getPublicKey()}`,
      'resolver: MEMORY',
      `resolver_preload: { ${accounts.join('\n')} }`,
    ].join('\n');
  }

  /** Returns the text of a `.creds` file of a new user. @param expires Unix time in seconds. */
  credentials(expires?: number): string {
    const user = nkeys.createUser();
    const limits = { subs: UNLIMITED, data: UNLIMITED, payload: UNLIMITED, pub: {}, sub: {} };
    const token = jwt(this.account, user, { ...limits, type: 'user' }, expires);
    const seed = Buffer.from(user.getSeed()).toString();
    return [
      `-----BEGIN NATS USER JWT-----\n${token}\n------END NATS USER JWT------\n`,
      `-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
    ].join('\n');
  }

  private accountJwt(account: KeyPair): string {
    const names = ['subs', 'data', 'payload', 'imports', 'exports', 'conn', 'leaf'];
    // The system account must not have JetStream.
    const storage = account === this.account ? ['mem_storage', 'disk_storage', 'streams', 'consumer'] : [];
    const limits = Object.fromEntries([...names, ...storage].map((name) => [name, UNLIMITED]));
    return jwt(this.operator, account, { limits: { ...limits, wildcards: true }, type: 'account' });
  }
}

/** Returns a JWT of version 2 of NATS about `subject`, signed by `issuer`. */
function jwt(issuer: KeyPair, subject: KeyPair, nats: object, exp?: number): string {
  const claims = {
    jti: subject.getPublicKey(),
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name: 'tests',
    sub: subject.getPublicKey(),
    ...(exp !== undefined && { exp }),
    nats: { ...nats, version: 2 },
  };
  const text = [{ typ: 'JWT', alg: 'ed25519-nkey' }, claims]
    .map((part) => base64url(JSON.stringify(part)))
    .join('.');
  return `${text}.${base64url(issuer.sign(Buffer.from(text)))}`;
}

function base64url(octets: string | Uint8Array): string {
  return Buffer.from(octets as string).toString('base64url');
}
