import { parseBoundedJson } from '../kernel/bounded-json.js';
import type { ClusterRole, MemberInfo } from './member-info.js';

/** `joining`: alive, and does not take part yet. `active`: takes part. `leaving`: gives up what it has. `left`: is gone. */
export type MemberState = 'joining' | 'active' | 'leaving' | 'left';

/** A member's view of one group of leases. */
export interface GroupBeat {
  /** The units that the member would do. */
  readonly wanted: readonly string[];
  /** The units whose leases it holds, and the revisions of their records. */
  readonly held: ReadonlyMap<string, number>;
  /** The units that it has just given up. */
  readonly freed: ReadonlyMap<string, number>;
}

/** What a member tells all others every second. */
export interface MemberBeat {
  readonly member: MemberInfo;
  readonly state: MemberState;
  readonly groups: ReadonlyMap<string, GroupBeat>;
}

/** A beat in a later format. */
export interface LaterBeat {
  readonly format: number;
  /** The program that sent it, for people. */
  readonly name: string;
}

/** Version of the format. Newer versions may add keys, which older members ignore; one that changes the meaning of a key has another number. */
const VERSION = 1;
const MAX_BYTES = 1024 * 1024;
const MAX_STRUCTURE = 100_000;
const MAX_NAME = 255;
const MAX_UNIT = 1024;
const MAX_UNITS = 20_000;
const MAX_GROUPS = 8;
const STATES = new Set<unknown>(['joining', 'active', 'leaving', 'left'] satisfies MemberState[]);
const ROLES = new Set<unknown>(['all', 'ingest', 'gateway'] satisfies ClusterRole[]);

export function encodeBeat({ member, state, groups }: MemberBeat): Buffer {
  const written = [...groups].map(([name, { wanted, held, freed }]) => [
    name,
    { wanted, held: Object.fromEntries(held), freed: Object.fromEntries(freed) },
  ]);
  return Buffer.from(JSON.stringify({ v: VERSION, ...member, state, groups: Object.fromEntries(written) }));
}

/** Reads a message that may come from any program. @returns undefined if it is not a beat. */
export function decodeBeat(octets: Uint8Array): MemberBeat | LaterBeat | undefined {
  if (octets.length > MAX_BYTES) return undefined;
  let value: unknown;
  try {
    value = parseBoundedJson(Buffer.from(octets.buffer, octets.byteOffset, octets.length), {
      maxStructure: MAX_STRUCTURE,
    });
  } catch {
    return undefined;
  }
  const fields = objectOf(value);
  const format = fields['v'];
  if (Number.isSafeInteger(format) && (format as number) > VERSION)
    return { format: format as number, name: isText(fields['name'], MAX_NAME) ? fields['name'] : '' };
  const member = memberOf(fields);
  if (member === undefined || !STATES.has(fields['state'])) return undefined;
  const groups = Object.entries(objectOf(fields['groups'])).slice(0, MAX_GROUPS);
  return {
    member,
    state: fields['state'] as MemberState,
    groups: new Map(groups.map(([name, group]) => [name, groupOf(objectOf(group))])),
  };
}

/** Returns whether the text can be the id of a member. It is a token of subjects. */
export function isMemberId(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9]{8,32}$/.test(text);
}

function memberOf({ id, name, role, version, startedAt }: Fields): MemberInfo | undefined {
  if (!isMemberId(id) || !isText(name, MAX_NAME) || !isText(version, MAX_NAME)) return undefined;
  if (!ROLES.has(role) || typeof startedAt !== 'number' || !Number.isFinite(startedAt)) return undefined;
  return { id, name, role: role as ClusterRole, version, startedAt };
}

function groupOf({ wanted, held, freed }: Fields): GroupBeat {
  const units = Array.isArray(wanted) ? wanted.slice(0, MAX_UNITS) : [];
  return {
    wanted: units.filter((unit): unit is string => isText(unit, MAX_UNIT)),
    held: revisionsOf(objectOf(held)),
    freed: revisionsOf(objectOf(freed)),
  };
}

function revisionsOf(fields: Fields): Map<string, number> {
  const revisions = new Map<string, number>();
  for (const [unit, revision] of Object.entries(fields).slice(0, MAX_UNITS))
    if (isText(unit, MAX_UNIT) && Number.isSafeInteger(revision) && (revision as number) >= 0)
      revisions.set(unit, revision as number);
  return revisions;
}

type Fields = Readonly<Record<string, unknown>>;

function objectOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length <= longest;
}
