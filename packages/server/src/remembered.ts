/** A function of a text that keeps its last answers: the oldest one gives way. */
export function remembered<Answer>(
  answersMax: number,
  find: (text: string) => Answer,
): (text: string) => Answer {
  const answers = new Map<string, Answer>();
  return (text) => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    const answer = find(text);
    answers.set(text, answer);
    if (answers.size > answersMax) {
      for (const oldest of answers.keys()) {
        answers.delete(oldest);
        break;
      }
    }
    return answer;
  };
}
