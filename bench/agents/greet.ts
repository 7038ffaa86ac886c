// What the agents call: from outside the enclosure it is this function itself.
export function greet({ name }: { name: string }): { text: string } {
  return { text: `Hello, ${name}. All is well at the desk.` };
}
