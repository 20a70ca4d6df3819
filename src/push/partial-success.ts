/** The answer of an OTLP receiver: `ExportProfilesServiceResponse` (collector/profiles/v1development). */

/** @returns what it rejected or has to remark; undefined when it took all, or the answer is no such message */
export function remarkOf(body: Buffer): string | undefined {
  const partial = fieldsOf(body).get(1);
  if (!Buffer.isBuffer(partial)) return undefined;
  const fields = fieldsOf(partial);
  const [rejected, message] = [fields.get(1) ?? 0, fields.get(2)];
  const text = Buffer.isBuffer(message)
    ? message
        .toString('utf8')
        .replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ')
        .slice(0, 200)
    : '';
  if (Number(rejected) > 0) return `${rejected} profiles rejected${text === '' ? '' : `: ${text}`}`;
  return text === '' ? undefined : text;
}

/** Varint and length-delimited fields, up to the first that is none or is cut. */
function fieldsOf(bytes: Buffer): Map<number, number | Buffer> {
  const fields = new Map<number, number | Buffer>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const key = varint();
    const value = varint();
    if (key % 8 === 0) fields.set(Math.floor(key / 8), value);
    else if (key % 8 === 2 && at + value <= bytes.length) {
      fields.set(Math.floor(key / 8), bytes.subarray(at, at + value));
      at += value;
    } else break;
  }
  return fields;
}
