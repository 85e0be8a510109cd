/** The row of column names of a table whose first columns are texts, and the others figures. */
export function Head({
  columns,
  textColumns,
}: {
  readonly columns: readonly string[];
  readonly textColumns: number;
}) {
  return (
    <thead>
      <tr>
        {columns.map((column, at) => (
          <th key={column} scope="col" class={at < textColumns ? undefined : 'number'}>
            {column}
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** A cell of such a table. @param isBad whether a figure above 0 is a loss. */
export function Figure({
  name,
  text,
  isBad = false,
}: {
  readonly name: string;
  readonly text: string;
  readonly isBad?: boolean;
}) {
  return (
    <td class={isBad ? 'number is-bad' : 'number'} data-label={name}>
      {text}
    </td>
  );
}
