/** StreamStats holds the counts of a journal in a cluster since the start of the process, and its current amounts. */
export class StreamStats {
  /** Messages, entries and octets that JetStream has stored for this process. */
  publishedRecords = 0;
  publishedEntries = 0;
  publishedBytes = 0;
  /** Publishes after the first of a message: the answer was lost, or the servers could not store it. */
  repeatedPublishes = 0;
  /** Messages whose answer was lost, and which were found in the stream. */
  recoveredAnswers = 0;
  /** Number of times another process had appended to a log of this one, or the stream had lost its records. */
  fencedLogs = 0;
  /** Entries that were given up because their log was fenced, or its lease was lost. Its new owner publishes them. */
  givenUpEntries = 0;
  /** Entries that were too large for the servers. */
  refusedEntries = 0;
  /** Octets of entries that wait to be stored. */
  pendingBytes = 0;
  /** Records, entries and octets that the live reader has got. */
  readRecords = 0;
  readEntries = 0;
  readBytes = 0;
  /** Records that the stream dropped before the live reader got them. */
  missedRecords = 0;
  /** Records that could not be decoded. */
  unreadableRecords = 0;
  /** Number of times another stream had taken the place of the one that was read. */
  replacements = 0;
  /** Records in the stream that the live reader has not got, as known. */
  unreadRecords = 0;
}
