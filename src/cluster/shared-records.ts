/** A record of a bucket that all members share. */
export interface SharedRecord {
  /** undefined if the record does not exist. */
  readonly value: Uint8Array | undefined;
  /** Expected by the next {@link SharedRecords.put}; 0 if the record does not exist. */
  readonly revision: number;
}

/** Records of a bucket that all members share. A record is written only if no other member has written it since it was read. */
export interface SharedRecords {
  /**
   * Reads a record from the leader of the bucket, never from a replica that may be older.
   * @throws ClusterError (`CLUSTER_UNAVAILABLE`)
   */
  get(key: string): Promise<SharedRecord>;
  /**
   * Writes a record. A write whose answer was lost counts as done: repeat `put` with the same revision.
   * @returns the new revision.
   * @throws ClusterError: `CLUSTER_FENCED` if another member has written the record since `revision`; `CLUSTER_UNAVAILABLE` if the
   * servers do not answer; `CLUSTER_RECORD_LOST` if the record no longer exists, because the bucket was lost. Then a member that holds
   * the lease of the record writes it again with revision 0.
   */
  put(key: string, value: Uint8Array, revision: number): Promise<number>;
  /**
   * Returns the keys of all records.
   * @throws ClusterError (`CLUSTER_UNAVAILABLE`)
   */
  keys(): Promise<string[]>;
}
