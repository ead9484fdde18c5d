// Answers NDJSON about surveys with the public survey-core, unmodified: node survey.mjs < tasks > results
// {expression, values} gives {value}; {definition, steps} gives one state for each step.
import { createInterface } from 'node:readline'
import { ConditionsParser, ExpressionRunner, Model, QuestionTextModel, settings } from 'survey-core'

console.warn = console.error = () => {}
// The clock stands still where the caller says, in UTC.
const stopped = Date.parse(`${process.env.NOW}Z`)
globalThis.Date = class extends Date {
  constructor(...told) { super(...(told.length ? told : [stopped])) }
  static now() { return stopped }
}
settings.triggers.executeSkipOnValueChanged = false
// A text out of its bounds would stay in its field; here it is an answer, and found wrong when the page is left.
QuestionTextModel.prototype.canSetValueToSurvey = () => true

const plain = value => {
  if (value === undefined) return null
  if (typeof value === 'number' && Number.isNaN(value)) return { $nan: true }
  if (value === Infinity || value === -Infinity) return { $infinite: Math.sign(value) }
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() }
  if (Array.isArray(value)) return value.map(plain)
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
  }
  return value
}

const evaluated = ({ expression, values }) => {
  if (!new ConditionsParser().parseExpression(expression)) return { unreadable: true }
  try {
    return { value: plain(new ExpressionRunner(expression).runValues(values)) }
  } catch (fault) {
    return { fault: String(fault) }
  }
}

const kind = error => error.getErrorType()

// Every question with those in panels, matrices and dynamic panels, by a path of names.
const questionsOf = (survey) => {
  const found = {}
  const add = (question, prefix, around = true) => {
    const path = prefix + question.name
    const shown = around && question.isVisibleInSurvey
    const state = {
      visible: shown, required: question.isRequired, enabled: !question.isReadOnly
    }
    if (question.isDescendantOf('selectbase')) {
      state.choices = question.visibleChoices.map(one => plain(one.value))
    }
    const frames = question.panels || (question.columns && question.visibleRows) || []
    if (Array.isArray(frames) && question.getType() !== 'matrix') {
      frames.forEach((frame, index) => {
        for (const one of frame.questions || frame.cells.map(cell => cell.question)) add(one, `${path}[${index}].`, shown)
      })
    }
    if (question.items && question.getType() === 'multipletext') for (const one of question.items) add(one.editor, path + '.', shown)
    found[path] = state
  }
  for (const question of survey.getAllQuestions(false, false, false)) add(question, '')
  return found
}

const isShown = (panel) => {
  for (let one = panel; one; one = one.parent) if (!one.isVisible) return false
  return true
}

// What a page shows: survey-core keeps the errors of what has been hidden since.
const errorsOf = (survey) => {
  const found = []
  const add = (question, prefix) => {
    if (!question.isVisible) return
    const path = prefix + question.name
    for (const error of question.errors) found.push([path, kind(error)])
    const frames = question.panels || (question.columns && question.visibleRows) || []
    if (Array.isArray(frames) && question.getType() !== 'matrix') {
      frames.forEach((frame, index) => {
        for (const one of frame.questions || frame.cells.map(cell => cell.question)) add(one, `${path}[${index}].`)
      })
    }
    if (question.items && question.getType() === 'multipletext') for (const one of question.items) add(one.editor, path + '.')
  }
  for (const panel of survey.getAllPanels().filter(isShown)) for (const error of panel.errors) found.push([panel.name, kind(error)])
  if (survey.currentPage) {
    for (const error of survey.currentPage.errors) found.push([survey.currentPage.name, kind(error)])
    for (const question of survey.currentPage.questions) if (question.isVisibleInSurvey) add(question, '')
  }
  return found
}

const stateOf = (survey) => ({
  data: plain(survey.data),
  page: survey.currentPage ? survey.currentPage.name : null,
  pages: survey.visiblePages.map(page => page.name),
  panels: survey.getAllPanels().filter(panel => panel.isPanel).map(panel => [panel.name, isShown(panel)]),
  questions: questionsOf(survey),
  completed: survey.isCompleted
})

const NESTED = ['matrix', 'matrixdropdown', 'matrixdynamic', 'multipletext', 'paneldynamic']

// The page gives an answer to its question; rows and panels are given to the survey as a whole.
const give = (survey, name, value) => {
  const question = survey.getQuestionByName(name)
  if (question && !NESTED.includes(question.getType())) question.value = value
  else survey.setValue(name, value)
}

const taken = (survey, step) => {
  if ('load' in step) survey.data = step.load
  if ('set' in step) for (const [name, value] of Object.entries(step.set)) give(survey, name, value)
  if ('comment' in step) for (const [name, value] of Object.entries(step.comment)) survey.setComment(name, value)
  if (step.go === 'back') survey.prevPage()
  if (step.go !== 'on') return {}
  const valid = survey.validateCurrentPage()
  const errors = valid ? [] : errorsOf(survey)
  if (valid) survey.isLastPage ? survey.completeLastPage() : survey.nextPage()
  return { errors }
}

const walked = ({ definition, steps, now }) => {
  try {
    const survey = new Model(definition)
    if (now) survey.dateProvider = { now: () => now }
    for (const question of survey.getAllQuestions()) question.panels
    const states = [stateOf(survey)]
    for (const step of steps) {
      if (survey.isCompleted) break
      survey.focusingQuestionInfo = undefined
      const extra = taken(survey, step)
      states.push({ ...stateOf(survey), ...extra })
    }
    return { states }
  } catch (fault) {
    return { fault: String(fault.stack) }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  if (!line.trim()) continue
  const task = JSON.parse(line)
  process.stdout.write(JSON.stringify('expression' in task ? evaluated(task) : walked(task)) + '\n')
}
