import type { Reporter, TestCase } from 'vitest/node';

const ARROW = ' → ';

/** Prints every test with a name `<fault> → <promise>` as one row, which shows whether the promise was kept. */
export default class PromiseTable implements Reporter {
  private readonly rows: string[] = [];
  private broken = 0;

  onTestCaseResult(test: TestCase): void {
    const { state } = test.result();
    if (!test.name.includes(ARROW) || state === 'skipped' || state === 'pending') return;
    const [fault, promise] = test.name.split(ARROW);
    const where = test.parent.type === 'suite' ? `${test.parent.name}: ` : '';
    const isKept = state === 'passed';
    if (!isKept) this.broken++;
    const { measured = '' } = test.meta();
    this.rows.push(`| ${where}${fault} | ${promise} | ${measured} | ${isKept ? 'kept' : 'BROKEN'} |`);
  }

  onTestRunEnd(): void {
    const table = ['| fault | promise | measured | |', '| --- | --- | --- | --- |', ...this.rows.sort()];
    process.stdout.write(
      `\n${table.join('\n')}\n\n${this.rows.length - this.broken} of ${this.rows.length} promises kept\n`,
    );
  }
}
