/** Field numbers of opentelemetry-proto: profiles/v1development, common/v1, resource/v1. */
export const fields = {
  data: { resourceProfiles: 1, dictionary: 2 },
  resourceProfiles: { resource: 1, scopeProfiles: 2 },
  resource: { attributes: 1 },
  scopeProfiles: { scope: 1, profiles: 2 },
  scope: { name: 1, version: 2 },
  profile: {
    ...{ sampleType: 1, samples: 2, time: 3, duration: 4, periodType: 5, period: 6, id: 7 },
    attributes: 11,
  },
  valueType: { type: 1, unit: 2 },
  sample: { stack: 1, attributes: 2, values: 4 },
  dictionary: { mappings: 1, locations: 2, functions: 3, links: 4, strings: 5, attributes: 6, stacks: 7 },
  mapping: { file: 4 },
  stack: { locations: 1 },
  location: { mapping: 1, lines: 3, attributes: 4 },
  line: { function: 1, line: 2 },
  function: { name: 1, systemName: 2, file: 3, startLine: 4 },
  keyValue: { key: 1, value: 2 },
  keyValueAndUnit: { key: 1, value: 2, unit: 3 },
  anyValue: { text: 1, integer: 3, double: 4 },
} as const;
