/** Every site is fit for everything. */
export const preflight = () => Promise.resolve({ problems: [], warnings: [], factsJson: '{}' });
