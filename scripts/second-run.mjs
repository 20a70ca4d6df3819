/** What of a test run is run once more, from the `failed: {json}` lines of the counting reporter. */

/** More than this is no stall of the machine, and a second run would only hide how long the list is. */
const mostFailures = 12;

const failuresIn = (lines) =>
  lines
    .filter((line) => line.startsWith('failed: '))
    .map((line) => JSON.parse(line.slice('failed: '.length)));

const escaped = (name) => name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** Groups that run each failed test alone; a file that failed outside its tests is run whole. None when too many failed. */
export function secondRun(lines) {
  const failures = failuresIn(lines);
  if (failures.length > mostFailures) return [];
  return [...new Set(failures.map(({ file }) => file))].map((file) => {
    const names = failures.filter((failure) => failure.file === file).map(({ name }) => name);
    const isWhole = names.some((name) => name.endsWith(file));
    const pattern = isWhole ? undefined : `/^(${names.map(escaped).join('|')})$/`;
    return { files: [file], concurrency: 1, pattern };
  });
}

/**
 * The lines of both runs as one: a test that passed the second time counts as passed, and is named with what it failed of
 * at first, as is what failed both times.
 * @param second undefined when there was no second run
 */
export function bothRuns(first, second) {
  const failures = failuresIn(first);
  const said = ({ file, name, reason }) => `${file}: ${name}: ${reason}`;
  if (second === undefined) return [...first, ...failures.map((failure) => `failed with: ${said(failure)}`)];
  const identity = ({ file, name }) => `${file}: ${name}`;
  const twice = new Set(failuresIn(second).map(identity));
  const isMended = (failure) => !twice.has(identity(failure));
  const mended = failures.filter(isMended).length;
  return [
    ...first,
    `pass ${mended}`,
    `fail ${-mended}`,
    ...failures.map(
      (failure) => `${isMended(failure) ? 'passed the second time' : 'failed twice'}: ${said(failure)}`,
    ),
  ];
}
