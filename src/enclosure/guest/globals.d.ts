// What the prelude itself puts on the guest's global and uses again; the guest has no DOM library.

declare const URL: new (url: string, base?: string) => { readonly href: string };
declare const URLSearchParams: new (init?: unknown) => object;

declare module "core-js/actual/url";
