// Hosts as a manifest names them for credentials and secrets: "name" or "name:port". A request's host is compared with
// them as text, so each has one spelling, the one that WHATWG's URL gives it; another would never be a request's, and
// the credential would never be sent.

const HOST_CHARS_MAX = 253;
/** Labels of letters, digits, hyphens and underscores, or an IPv6 address in brackets. */
const HOST = /^([a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*|\[[0-9a-f:]+\])$/;

/** Whether what a URL says is its host could be one. WHATWG lets it hold more: stars, commas, empty labels, a last dot. */
export function isHost(hostname: string): boolean {
  return hostname.length <= HOST_CHARS_MAX && HOST.test(hostname);
}

/** What is wrong with a host, upper case aside; undefined where it is spelled as a request's is. */
export function hostProblem(text: string): { readonly message: string; readonly mend: string } | undefined {
  const spelled = spellHost(text);
  if (spelled === undefined)
    return { message: `"${text}" is no host`, mend: 'Write a name such as "api.example.com", or name:port.' };
  if (spelled === text.toLowerCase()) return undefined;
  return {
    message: `"${text}" is another spelling of ${spelled}, and matches no request`,
    mend: `Write "${spelled}".`,
  };
}

function spellHost(text: string): string | undefined {
  const [, name, port] = /^(.*?)(?::([0-9]+))?$/s.exec(text) as unknown as [string, string, string?];
  if (/[\p{C}\p{Z}@/\\?#%]/u.test(name) || !URL.canParse(`http://${name}/`)) return undefined;
  const { hostname } = new URL(`http://${name}/`);
  if (!isHost(hostname)) return undefined;
  if (port === undefined) return hostname;
  const number = Number(port);
  return number >= 1 && number <= 65_535 ? `${hostname}:${number}` : undefined;
}
