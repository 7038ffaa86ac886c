// Networks as a manifest writes them, "10.0.0.0/8" or "fd00::/8": whether a text is one. What lies in it is the
// provider's to say.

const OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const IPV4 = new RegExp(`^${OCTET}(\\.${OCTET}){3}$`);

export function isCidr(text: string): boolean {
  const match = /^([0-9A-Fa-f:.]{2,45})\/(0|[1-9][0-9]{0,2})$/.exec(text);
  if (match === null) return false;
  const [address, bits] = [match[1] as string, Number(match[2])];
  return IPV4.test(address) ? bits <= 32 : bits <= 128 && address.includes(":") && URL.canParse(`http://[${address}]/`);
}
