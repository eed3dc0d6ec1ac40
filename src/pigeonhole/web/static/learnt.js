// One line: how many labels, how right the answers are by now, what would change.

const percent = (share) => `${(100 * share).toFixed(0)} %`;
const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

export function learntSentence(state) {
  const looking = state.seen < state.total ? ` ${state.seen} of ${state.total} pictures looked at so far.` : "";
  if (!state.accuracy) return `${state.waiting_for}${looking}`;
  const { share, low, high } = state.accuracy;
  const change = state.change === undefined || state.change === 0 ? ""
    : ` ${counted(state.change, "sorted picture would", "sorted pictures would")} now be sorted otherwise.`;
  return `${counted(state.labels, "label", "labels")}: ${percent(share)} of answers are right `
    + `(between ${percent(low)} and ${percent(high)}).${change}${looking}`;
}
