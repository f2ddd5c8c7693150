# Ответы на команды и кнопки, по-русски.

subject = { $name } (ID: <code>{ $id }</code>)
chats-counted = { $count ->
    [one] { $count } чат
    [few] { $count } чата
   *[many] { $count } чатов
}
