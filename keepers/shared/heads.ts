/**
 * Judges the heads of the endpoints that answer. Pure. What counts is the median, the higher one of an even number: of
 * two that disagree the lower is not believed, since nodes that stand still are common; one alone is always believed.
 * @returns for each head whether it is within `maxGap` blocks of the median
 */
export function judgeHeads(
  heads: readonly number[],
  maxGap: number,
): Array<"healthy" | "behind" | "ahead"> {
  const median = [...heads].sort((a, b) => a - b)[Math.floor(heads.length / 2)] ?? 0;
  return heads.map((head) =>
    head < median - maxGap ? "behind" : head > median + maxGap ? "ahead" : "healthy",
  );
}
