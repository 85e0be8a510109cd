import { useEffect, useRef, useState } from 'preact/hooks';
import type { Server } from '../server/server.js';
import { count, utcTime } from '../text/format.js';
import { dataTileLink, safeLink } from '../text/safe-link.js';
import { visibleText } from '../text/visible-text.js';
import { type CertificateRow, kindOf } from './certificate-row.js';
import { NameList } from './name-list.js';
import type { CertificateUpdate, LeafCert } from './stream-message.js';
import { knownPart, loadWhole, octetsOf, pemOf, saveFile } from './whole-certificate.js';

const MAX_TEXT = 4000;
/** The result of the verification at the time when the server streamed the entry. */
const VERIFICATIONS: Readonly<Record<string, string>> = {
  verified: 'proven before it was streamed',
  unverified: 'streamed before its proof',
  failed: 'contradicts the signed tree of the log',
  off: 'not verified',
};

/** One certificate with everything that the server knows about it. */
export function CertificateDialog({
  row,
  server,
  onClose,
}: {
  readonly row: CertificateRow;
  readonly server: Server;
  readonly onClose: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [whole, setWhole] = useState(() => knownPart(row));
  useEffect(() => {
    dialog.current?.showModal();
    const gone = new AbortController();
    const load = async () => {
      const loaded = await loadWhole(server, row, gone.signal);
      if (!gone.signal.aborted) setWhole(loaded);
    };
    void load();
    return () => gone.abort();
  }, [row]);
  const { update, der, problem, isComplete } = whole;
  return (
    <dialog
      ref={dialog}
      class="certificate"
      aria-labelledby="certificate-title"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="dialog-body">
        <header>
          <h2 id="certificate-title">
            <bdi>{row.names[0]}</bdi>
          </h2>
          <button type="button" class="quiet icon" aria-label="Close" onClick={() => dialog.current?.close()}>
            ×
          </button>
        </header>
        {update !== undefined && <Facts update={update} />}
        <p class="problem" role="status">
          {isComplete ? problem : 'Loading DER and chain…'}
        </p>
        {der !== undefined && update !== undefined && <Downloads der={der} leaf={update.data.leaf_cert} />}
        {update?.data.chain !== undefined && <Chain chain={update.data.chain} />}
        {update !== undefined && <Extensions leaf={update.data.leaf_cert} />}
      </div>
    </dialog>
  );
}

function Facts({ update }: { readonly update: CertificateUpdate }) {
  const { leaf_cert: leaf, source, cert_index, cert_link, seen, parse_error, verification } = update.data;
  const link = cert_link === '' ? dataTileLink(source.url, cert_index) : safeLink(cert_link);
  return (
    <>
      <NameList names={leaf.all_domains} />
      <dl class="facts">
        <Fact name="Kind">
          {kindOf(update)}
          {leaf.is_ca ? ' of a CA' : ''}
          {leaf.validation_type ? `, ${visibleText(leaf.validation_type, 20)}` : ''}
        </Fact>
        <Fact name="Valid">
          {utcTime(leaf.not_before * 1000)} to {utcTime(leaf.not_after * 1000)}
        </Fact>
        <Fact name="Subject">
          <Text>{leaf.subject.aggregated}</Text>
        </Fact>
        <Fact name="Issuer">
          <Text>{leaf.issuer.aggregated}</Text>
        </Fact>
        <Fact name="Serial number">
          <Text>{leaf.serial_number}</Text>
        </Fact>
        <Fact name="Key, signature">
          {leaf.key_type ? `${visibleText(leaf.key_type, 40)}, ` : ''}
          {visibleText(leaf.signature_algorithm, 60)}
        </Fact>
        <Fact name="SHA-256">
          <code>{leaf.sha256}</code>
        </Fact>
        <Fact name="SHA-1">
          <code>{leaf.sha1}</code>
        </Fact>
        <Fact name="Log">
          <Text>{source.name}</Text>, operator <Text>{source.operator}</Text>
        </Fact>
        <Fact name="Entry">
          {count(cert_index)}
          {link !== undefined && (
            <>
              {', '}
              <a href={link} target="_blank" rel="noopener noreferrer">
                {cert_link === '' ? 'data tile in the log' : 'entry in the log'}
              </a>
            </>
          )}
          {verification !== undefined && `, ${VERIFICATIONS[verification] ?? visibleText(verification, 20)}`}
        </Fact>
        <Fact name="Times">
          logged {utcTime(source.timestamp * 1000)}, received {utcTime(seen * 1000)}
        </Fact>
        {parse_error !== undefined && (
          <Fact name="Defect">
            <code>{visibleText(parse_error, 100)}</code>: the certificate could not be read or shown entirely.
          </Fact>
        )}
      </dl>
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Text of a certificate. */
function Text({ children }: { readonly children: string }) {
  return <bdi>{visibleText(children, MAX_TEXT)}</bdi>;
}

function Downloads({ der, leaf }: { readonly der: string; readonly leaf: LeafCert }) {
  const name = leaf.sha256.replaceAll(/[^0-9A-F]/gi, '').toLowerCase();
  return (
    <p class="downloads">
      <button type="button" onClick={() => saveFile(`${name}.der`, 'application/pkix-cert', octetsOf(der))}>
        Download DER
      </button>
      <button type="button" onClick={() => saveFile(`${name}.pem`, 'application/x-pem-file', pemOf(der))}>
        Download PEM
      </button>
    </p>
  );
}

function Chain({ chain }: { readonly chain: readonly LeafCert[] }) {
  return (
    <section>
      <h3>Chain</h3>
      {chain.length === 0 && <p class="soft">The log has no issuers for this entry.</p>}
      <ol class="chain">
        {chain.map((issuer) => (
          <li key={issuer.sha256}>
            <Text>{issuer.subject.aggregated}</Text>
            <span class="soft">
              {' '}
              until {utcTime(issuer.not_after * 1000)}, SHA-256 <code>{issuer.sha256}</code>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Extensions({ leaf }: { readonly leaf: LeafCert }) {
  const entries = Object.entries(leaf.extensions).filter(([name]) => name !== 'subjectAltName');
  if (entries.length === 0) return null;
  return (
    <details>
      <summary>Extensions</summary>
      <dl class="facts">
        {entries.map(([name, value]) => (
          <Fact key={name} name={name}>
            {String(value)
              .split('\n', 100)
              .filter((line) => line !== '')
              .map((line, at) => (
                <div key={at}>
                  <Text>{line}</Text>
                </div>
              ))}
          </Fact>
        ))}
      </dl>
    </details>
  );
}
