// What the bench's manifest grants, as the agents see it.
declare module "enclosure:caps" {
  export const desk: { greet(args: { readonly name: string }): Promise<{ readonly text: string }> };
}
