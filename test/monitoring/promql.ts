import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import type { MetricShape } from './exposition.js';

/** The result of {@link checkQuery}. */
export interface CheckedQuery {
  /** One sentence for each defect. */
  readonly problems: readonly string[];
  /** Metrics that the query reads. */
  readonly metrics: readonly string[];
  /** Labels that the series of the result may have. */
  readonly labels: ReadonlySet<string>;
}

/** Functions that make sense for counters and for the series of histograms only. */
const OF_COUNTERS = new Set(['rate', 'increase', 'irate', 'resets']);
/** Aggregations whose result has the labels of their input. */
const SELECTIONS = new Set(['topk', 'bottomk']);

/**
 * Checks a PromQL expression with the parser of the Prometheus project: its syntax, and that each metric, matcher and grouping
 * label exists. A counter is read with a function of counters, and a gauge is not.
 * @param shapes the metrics that exist.
 */
export function checkQuery(expr: string, shapes: ReadonlyMap<string, MetricShape>): CheckedQuery {
  const problems: string[] = [];
  const metrics: string[] = [];
  const text = (node: SyntaxNode): string => expr.slice(node.from, node.to);

  const selector = (node: SyntaxNode): Set<string> => {
    const name = text(node.getChild('Identifier')!);
    metrics.push(name);
    const shape = shapes.get(name);
    if (shape === undefined) {
      problems.push(`there is no metric ${name}`);
      return new Set();
    }
    const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
    for (const label of matchers.map((matcher) => text(matcher.getChild('LabelName')!))) {
      if (!shape.labels.has(label)) problems.push(`${name} has no label ${label}`);
    }
    const isCounter = shape.type !== 'gauge';
    if (isCounter !== OF_COUNTERS.has(closestFunction(node, text)))
      problems.push(`${name} is a ${shape.type}, but is read as ${isCounter ? 'a gauge' : 'a counter'}`);
    return new Set(shape.labels);
  };

  const labelsOf = (node: SyntaxNode): Set<string> => {
    if (node.type.isError) problems.push(`${expr} is not PromQL at ${node.from}`);
    if (node.name === 'VectorSelector') return selector(node);
    const labels = new Set<string>();
    for (let child = node.firstChild; child !== null; child = child.nextSibling) {
      for (const label of labelsOf(child)) labels.add(label);
    }
    const grouped = (parent: SyntaxNode | null): string[] =>
      parent?.getChild('GroupingLabels')?.getChildren('LabelName').map(text) ?? [];
    const known = (names: readonly string[]): void => {
      for (const name of names) if (!labels.has(name)) problems.push(`${text(node)} has no label ${name}`);
    };
    if (node.name === 'BinaryExpr') known(grouped(node.getChild('MatchingModifierClause')));
    if (node.name === 'FunctionCall' && text(node).startsWith('histogram_quantile(')) labels.delete('le');
    if (node.name === 'AggregateExpr' && !SELECTIONS.has(text(node.getChild('AggregateOp')!))) {
      const by = grouped(node.getChild('AggregateModifier'));
      known(by);
      return new Set(by);
    }
    return labels;
  };

  const labels = labelsOf(parser.parse(expr).topNode);
  return { problems, metrics, labels };
}

/** Returns the name of the function whose argument is this selector, or ''. */
function closestFunction(node: SyntaxNode, text: (node: SyntaxNode) => string): string {
  const call = node.parent?.name === 'MatrixSelector' ? node.parent.parent?.parent : undefined;
  return call?.name === 'FunctionCall' ? text(call.getChild('FunctionIdentifier')!) : '';
}
